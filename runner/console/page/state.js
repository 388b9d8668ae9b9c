// What the page knows beside its documents: whether it is live, who looks, and which time it is.

export const state = {
  status: null, // the newest status document
  heardAt: 0, // when it came, on this page's own clock
  live: false, // whether the line to the runner stands
  numbers: false, // whether phone numbers were asked for
};

/** Milliseconds on a clock that nobody sets. */
export const ticks = () => performance.now();

/** How long ago the newest status came. While the line is down time does not go on. */
export function since(at = state.heardAt) {
  return state.live ? ticks() - at : 0;
}

export const operates = () => state.status?.access?.role === "operator";

/** The parameter of documents that hold numbers. */
export const asked = () => (state.numbers && operates() ? { show_numbers: true } : {});

// The operator's own name: for this tab and no longer.
const NAME = "callflow-by";

export function name() {
  try {
    return sessionStorage.getItem(NAME) ?? "";
  } catch {
    return "";
  }
}

export function rename(text) {
  try {
    sessionStorage.setItem(NAME, text);
  } catch {
    // without storage the name is typed anew
  }
}
