// JSON Pointers and JSON Patches.

const keysOf = (pointer) => pointer.split("/").slice(1).map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
const own = (value, key) => (value !== null && typeof value === "object" && Object.hasOwn(value, key) ? value[key] : undefined);

/** Returns the value at a pointer, undefined if there is none. */
export function at(document, pointer) {
  return keysOf(pointer).reduce(own, document);
}

/** Sets the value at a pointer, in place. Objects on the way are made. */
export function put(document, pointer, value) {
  const keys = keysOf(pointer);
  const last = keys.pop();
  let parent = document;
  for (const key of keys) {
    if (own(parent, key) === null || typeof own(parent, key) !== "object") define(parent, key, {});
    parent = own(parent, key);
  }
  define(parent, last, value);
}

/** Applies the add, replace and remove operations of a JSON Patch to the property `document` of `root`, in place. */
export function patch(root, operations) {
  for (const { op, path, value } of operations) {
    const keys = ["document", ...keysOf(path)];
    const last = keys.pop();
    const parent = keys.reduce(own, root);
    if (parent === null || typeof parent !== "object") continue;
    if (Array.isArray(parent) && op !== "replace") {
      const index = last === "-" ? parent.length : Number(last);
      if (op === "add") parent.splice(index, 0, value);
      else if (op === "remove") parent.splice(index, 1);
    } else if (op === "remove") delete parent[last];
    else if (op === "add" || op === "replace") define(parent, last, value);
  }
}

// A key such as __proto__ is a key like others.
function define(parent, key, value) {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}
