/**
 * Makes an element. Children are elements or text: text becomes a text node, so a value of a record is never read as
 * HTML. A child that is `undefined` or `false` is left out.
 */
export const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value)
  made.append(...children.flat().filter((child) => child !== undefined && child !== false))
  return made
}

/** Sets the text only if it is another, so that a screen reader is not told the same again. */
export const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text
}
