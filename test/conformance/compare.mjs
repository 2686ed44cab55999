// Compares two observations.

/** Returns the differences as a list of {at, reference, ours}. @param at the path of the values */
export function differences(reference, ours, at = "") {
  if (Object.is(reference, ours)) return [];
  if (Array.isArray(reference) && Array.isArray(ours)) {
    const found = [];
    for (let i = 0; i < Math.max(reference.length, ours.length); i++) {
      found.push(...differences(reference[i], ours[i], `${at}[${i}]`));
    }
    return found;
  }
  if (isObject(reference) && isObject(ours)) {
    const keys = new Set([...Object.keys(reference), ...Object.keys(ours)]);
    return [...keys].flatMap((key) => differences(reference[key], ours[key], at ? `${at}.${key}` : key));
  }
  return [{ at, reference, ours }];
}

/** Reports whether a row of the table of differences has the two values. */
export function isLiteral({ reference, ours }) {
  return [reference, ours].every((expected) => typeof expected !== "function" && !(expected instanceof RegExp));
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reports whether a value matches a literal, a pattern for text, or a predicate. */
export function fits(value, expected) {
  if (expected instanceof RegExp) return typeof value === "string" && expected.test(value);
  if (typeof expected === "function") return expected(value);
  return differences(value, expected).length === 0;
}
