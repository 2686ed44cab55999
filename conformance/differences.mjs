// Where this runtime differs from the reference on purpose. Each entry names a
// case and, for each place of what the case saw, the two values; the comparison
// fails when there is another difference, and when one of these is gone. The
// README's "Differences from the reference" is made from the same entries.
export const deliberate = [];
