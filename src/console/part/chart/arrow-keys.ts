const STEPS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * For the element around marks: the arrow keys go from one `[data-x][data-y]` to the nearest in that direction, so that a
 * chart of hundreds is one stop of the Tab key.
 */
export function moveByArrow(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  const { target, currentTarget } = event;
  if (step === undefined || !(target instanceof HTMLElement) || !(currentTarget instanceof HTMLElement)) return;
  const [dx, dy] = step;
  const x = Number(target.dataset['x']);
  const y = Number(target.dataset['y']);
  let nearest: HTMLElement | null = null;
  let least = Infinity;
  for (const mark of currentTarget.querySelectorAll<HTMLElement>('[data-x]')) {
    const ahead = (Number(mark.dataset['x']) - x) * dx + (Number(mark.dataset['y']) - y) * dy;
    const aside = Math.abs((Number(mark.dataset['x']) - x) * dy) + Math.abs((Number(mark.dataset['y']) - y) * dx);
    const distance = ahead + aside * 4;
    if (ahead <= 0 || distance >= least) continue;
    least = distance;
    nearest = mark;
  }
  if (nearest === null) return;
  event.preventDefault();
  nearest.focus();
}
