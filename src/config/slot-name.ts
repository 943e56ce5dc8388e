const MAX_NAME_LENGTH = 63;

/** The default name of a source's slot and publication: `rowtrail_` and what a slot name takes of `name`. */
export function slotName(name: string): string {
  return `rowtrail_${name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')}`.slice(0, MAX_NAME_LENGTH);
}
