/**
 * The same text as engines keep the names of properties. To look a property up by a string that was read out of a file costs several
 * times as much, each time, as by this one: V8 then searches its table of names first.
 */
export function propertyName(text: string): string {
  return Object.keys({ [text]: undefined })[0]!;
}
