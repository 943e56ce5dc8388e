import type { RevertPreview, RevertResult, RevertStep, StepChange } from './plan.ts';

/** A preview as HTTP and CLI give it: JSON text, in which values of rows stand as they are stored, with every digit. */
export function previewJson({ plan, summary, sideEffects, steps }: RevertPreview): string {
  const head = JSON.stringify({ plan, summary, sideEffects });
  return `${head.slice(0, -1)},"steps":[${steps.map(stepJson).join(',')}]}`;
}

/** The same of what was carried out. */
export function resultJson({ transaction, summary, sideEffects, steps }: RevertResult): string {
  const head = JSON.stringify({ transaction, summary, sideEffects });
  return `${head.slice(0, -1)},"steps":[${steps.map(stepJson).join(',')}]}`;
}

function stepJson({ changes, sql, ...step }: RevertStep): string {
  const head = JSON.stringify(step);
  return `${head.slice(0, -1)},"changes":[${changes.map(changeJson).join(',')}],"sql":${JSON.stringify(sql)}}`;
}

function changeJson({ column, current, target, expected }: StepChange): string {
  return `{"column":${JSON.stringify(column)},"current":${current ?? 'null'},"target":${target ?? 'null'},"expected":${expected ?? 'null'}}`;
}
