/** A function that acts once its calls have paused; `forget()` drops what is waiting. */
export function debounce(act, milliseconds) {
  let timer = null;
  const due = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      act(...given);
    }, milliseconds);
  };
  due.forget = () => {
    clearTimeout(timer);
    timer = null;
  };
  return due;
}
