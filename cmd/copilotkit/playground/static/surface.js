// A2UI surfaces, drawn plainly: texts, fields and buttons as such, all other components by
// their name, around what is in them.

import { at, put } from "./pointer.js";
import { element } from "./messages.js";

const maxComponents = 500;
const maxDepth = 30;
const shownProperty = 200;

/** Returns the elements of what an activity has drawn, or what it says of the drawing. */
export function surfaces(content, act) {
  const operations = content.a2ui_operations;
  if (!Array.isArray(operations)) return [element("p", "quiet", lifecycle(content))];
  return [...models(operations).values()].map((model) => new Drawing(model, act).draw());
}

function lifecycle({ status, progressTokens, attempt, maxAttempts, errors, error }) {
  switch (status) {
    case "retrying":
      return `The model draws again (attempt ${attempt} of ${maxAttempts}): ${(errors ?? []).map((one) => one.message).join(", ")}`;
    case "failed":
      return `The model couldn't draw it: ${error}`;
    default:
      return progressTokens ? `The model draws (about ${progressTokens} tokens so far)…` : "The model draws…";
  }
}

/** Returns the surfaces that operations come to, by id. */
function models(operations) {
  const found = new Map();
  const surface = (id) => {
    if (!found.has(id)) found.set(id, { id, components: new Map(), root: { data: {} } });
    return found.get(id);
  };
  for (const operation of operations) {
    const { createSurface, updateComponents, updateDataModel, deleteSurface } = operation ?? {};
    if (createSurface) surface(createSurface.surfaceId);
    if (updateComponents) for (const one of updateComponents.components ?? []) surface(updateComponents.surfaceId).components.set(one?.id, one);
    if (updateDataModel) put(surface(updateDataModel.surfaceId).root, `/data${pathOf(updateDataModel.path)}`, structuredClone(updateDataModel.value));
    if (deleteSurface) found.delete(deleteSurface.surfaceId);
  }
  return found;
}

const pathOf = (path) => (!path || path === "/" ? "" : path);

/** A surface on its way to the screen. */
class Drawing {
  drawn = 0;

  constructor(model, act) {
    Object.assign(this, { model, act });
  }

  draw() {
    const box = element("div", "surface", this.component("root", "", 0));
    box.setAttribute("aria-label", `Surface ${this.model.id}`);
    return box;
  }

  /** Returns the node of a component. `scope` is where relative paths begin. */
  component(id, scope, depth) {
    if (++this.drawn > maxComponents || depth > maxDepth) return element("span", "quiet", "(and more)");
    const component = this.model.components.get(id);
    if (!component) return element("span", "quiet", `(${id} isn't there)`);
    const inside = this.children(component, scope, depth);
    switch (component.component) {
      case "Text":
        return element(/^h[1-6]$/.test(component.variant) ? "strong" : "span", "text", text(this.value(component.text, scope)));
      case "TextField":
        return this.field(component, scope);
      case "Button": {
        const button = element("button", "", ...inside);
        button.type = "button";
        button.onclick = () => this.press(component, scope);
        return button;
      }
      default:
        return element("div", "component", element("span", "kind", component.component), ...this.properties(component, scope), ...inside);
    }
  }

  children({ child, children }, scope, depth) {
    if (typeof children?.componentId !== "string") {
      const ids = Array.isArray(children) ? children : typeof child === "string" ? [child] : [];
      return this.list(ids, (id) => this.component(id, scope, depth + 1));
    }
    const path = absolute(children.path, scope);
    const items = at(this.model.root, `/data${path}`);
    const keys = items && typeof items === "object" ? Object.keys(items) : [];
    return this.list(keys, (key) => this.component(children.componentId, `${path}/${key}`, depth + 1));
  }

  /** Returns a node for each of a list, as long as there may be more of them. */
  list(values, node) {
    const nodes = [];
    for (const value of values) {
      if (this.drawn > maxComponents) break;
      nodes.push(node(value));
    }
    return nodes;
  }

  field(component, scope) {
    const input = element("input", "");
    input.value = text(this.value(component.value, scope));
    input.type = component.variant === "obscured" ? "password" : "text";
    input.oninput = () => {
      if (typeof component.value?.path === "string") put(this.model.root, `/data${absolute(component.value.path, scope)}`, input.value);
    };
    return element("label", "", text(this.value(component.label, scope)), input);
  }

  /** Shows what else a component has, for those that aren't drawn. */
  properties({ id, component, child, children, ...rest }, scope) {
    return Object.entries(rest).map(([name, value]) => {
      const shown = this.value(value, scope);
      return element("span", "property", `${name}: ${(typeof shown === "string" ? shown : JSON.stringify(shown) ?? "").slice(0, shownProperty)}`);
    });
  }

  press(component, scope) {
    const event = component.action?.event;
    if (!event) return;
    const context = Object.fromEntries(Object.entries(event.context ?? {}).map(([name, value]) => [name, this.value(value, scope)]));
    this.act?.({ name: event.name, surfaceId: this.model.id, sourceComponentId: component.id, context, timestamp: new Date().toISOString() });
  }

  /** Returns a value itself, or what it is bound to. */
  value(value, scope) {
    return typeof value?.path === "string" ? at(this.model.root, `/data${absolute(value.path, scope)}`) : value;
  }
}

const absolute = (path, scope) => (String(path).startsWith("/") ? pathOf(path) : `${scope}/${path}`);

function text(value) {
  return value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}
