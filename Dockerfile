# The runner, its locked packages, and nothing else. Flows and credentials are mounted, never
# built in: see docs/deployment.md.
# Layers of the build stage are thrown away; apart, they are cached apart.
# hadolint global ignore=DL3059

FROM python:3.13.9-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# First what changes seldom. Every file must be the one whose hash was locked; nothing is compiled.
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv /opt/build
RUN /opt/build/bin/pip install --require-hashes --only-binary=:all: -r requirements/build.txt
RUN python -m venv --without-pip /opt/callflow
RUN /opt/build/bin/pip --python /opt/callflow/bin/python install --require-hashes --only-binary=:all: -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY flows flows
COPY examples/tour examples/tour
COPY runner runner
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist .
RUN /opt/build/bin/pip --python /opt/callflow/bin/python install --no-deps --no-index --find-links dist callflow-runner
RUN /opt/callflow/bin/callflow --version
COPY deploy/healthcheck.py /opt/callflow/healthcheck.py
RUN mkdir -p /stage/etc/callflow/flows /stage/var/lib/callflow
COPY deploy/callflow.yaml /stage/etc/callflow/callflow.yaml

FROM python:3.13.9-slim-bookworm
LABEL org.opencontainers.image.title="callflow" \
      org.opencontainers.image.description="Rules in YAML for phone calls in progress on Twilio" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13.9-slim-bookworm"
COPY --from=build /opt/callflow /opt/callflow
COPY --from=build /stage/etc/callflow /etc/callflow
# Numbers, so that Kubernetes can tell that this is not root. Nobody else may read the store.
COPY --from=build --chown=10001:10001 --chmod=0700 /stage/var/lib/callflow /var/lib/callflow
ENV PATH=/opt/callflow/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /etc/callflow
USER 10001:10001
VOLUME ["/var/lib/callflow"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["python", "/opt/callflow/healthcheck.py"]
ENTRYPOINT ["callflow"]
CMD ["run"]
