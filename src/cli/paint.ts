import { styleText } from 'node:util';

/** Colours for a terminal; each gives its text back as it is where there are none to be had. */
export interface Paint {
  readonly bold: Brush;
  readonly dim: Brush;
  readonly red: Brush;
  readonly green: Brush;
  readonly yellow: Brush;
  readonly cyan: Brush;
}

export type Brush = (text: string) => string;

export function createPaint(enabled: boolean): Paint {
  const painter =
    (style: Parameters<typeof styleText>[0]): Brush =>
    (text) =>
      enabled && text !== '' ? styleText(style, text, { validateStream: false }) : text;
  return {
    bold: painter('bold'),
    dim: painter('dim'),
    red: painter('red'),
    green: painter('green'),
    yellow: painter('yellow'),
    cyan: painter('cyan'),
  };
}
