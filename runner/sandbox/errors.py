"""Refusals in Twilio's words and shape."""

from __future__ import annotations

import json


class ApiError(Exception):
    """A request that is refused: HTTP `status`, Twilio's `code`, and a message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> bytes:
        """The JSON that Twilio sends with it."""
        return json.dumps(
            {
                "code": self.code,
                "message": self.message,
                "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
                "status": self.status,
            }
        ).encode()


def not_found(path: str) -> ApiError:
    """This account has nothing there."""
    return ApiError(404, 20404, f"The requested resource {path} was not found")


def unauthenticated() -> ApiError:
    """Missing or wrong credentials."""
    return ApiError(401, 20003, "Authenticate")


def suspended() -> ApiError:
    """The account exists and is not active."""
    return ApiError(403, 20403, "Account is suspended")


def wrong_state(message: str = "Call is not in-progress. Cannot redirect.") -> ApiError:
    """It can't be told anything now: too early or already over."""
    return ApiError(400, 21220, message)


def invalid(parameter: str, reason: str) -> ApiError:
    """A parameter's value can't be used, and Twilio has no code of its own for it."""
    return ApiError(400, 20001, f"Invalid {parameter}: {reason}")


def missing(parameter: str) -> ApiError:
    """A parameter that must be there is not."""
    return ApiError(400, 20001, f"Missing required parameter {parameter} in the post body")


def too_soon_to_delete() -> ApiError:
    """A record can be deleted once its call is over."""
    return ApiError(409, 20009, "Call has not completed. It can be deleted when it has.")
