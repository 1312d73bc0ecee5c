/** Calls `action` at once and then at most every `intervalMs`; a call in between happens at the end of the interval. */
export function throttled(action: () => void, intervalMs: number): { call: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWanted = false;
  const elapsed = () => {
    timer = undefined;
    if (isWanted) {
      call();
    }
  };
  const call = () => {
    if (timer !== undefined) {
      isWanted = true;
      return;
    }
    isWanted = false;
    timer = setTimeout(elapsed, intervalMs);
    action();
  };
  return { call, stop: () => clearTimeout(timer) };
}
