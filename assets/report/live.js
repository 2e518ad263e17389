/* Follows a run: parts of the page that change are put in place, and what the reader has chosen stays. */
(() => {
  const line = document.getElementById('live');
  if (line === null) return;

  /** @param {Element} part */
  function remember(part) {
    return {
      focused: part.contains(document.activeElement) ? document.activeElement?.id : undefined,
      open: [...part.querySelectorAll('details')].map((details) => details.open),
      // A slider at its end stays at the newest picture.
      sliders: [...part.querySelectorAll('input')].map(({ id, value, max }) => ({
        id,
        value: value === max ? undefined : value,
      })),
      scrolled: [...part.querySelectorAll('.scroll')].map(({ scrollLeft, scrollTop }) => ({
        scrollLeft,
        scrollTop,
      })),
    };
  }

  /** @param {Element} part */
  function restore(part, { focused, open, sliders, scrolled }) {
    part.querySelectorAll('details').forEach((details, index) => (details.open = open[index] ?? false));
    part.querySelectorAll('.scroll').forEach((region, index) => Object.assign(region, scrolled[index]));
    for (const { id, value } of sliders) {
      const slider = document.getElementById(id);
      if (slider instanceof HTMLInputElement && value !== undefined) slider.value = value;
    }
    part.querySelectorAll('.series').forEach(addSlider);
    part.querySelectorAll('.map').forEach(addPeek);
    hourglass.startIn(part);
    if (focused) document.getElementById(focused)?.focus();
  }

  const events = new EventSource(`events?since=${line.dataset.version}`);
  events.addEventListener('parts', ({ data }) => {
    for (const { id, html } of JSON.parse(data)) {
      const part = document.getElementById(id);
      if (part === null) continue;
      const chosen = remember(part);
      part.innerHTML = html;
      restore(part, chosen);
    }
  });
  events.addEventListener('end', () => {
    events.close();
    line.textContent =
      'The run has ended. This page stays as it is; report.html of its outputs has the same, and its trained models to try.';
  });
  events.addEventListener('error', () => {
    line.textContent = 'The connection to the run is lost.';
  });
  events.addEventListener('open', () => {
    line.textContent = 'Live: what happens in the run appears here.';
  });
})();
