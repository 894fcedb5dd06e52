// Reports words that stand in Svelte markup: every text a person reads or hears
// comes from the message files.
const spoken = new Set([
  'aria-label',
  'aria-description',
  'aria-valuetext',
  'aria-roledescription',
  'title',
  'alt',
  'placeholder',
  'label',
])
const letters = /\p{L}{2,}/u

/** @type {import('eslint').Rule.RuleModule} */
export const hardCodedText = {
  meta: {
    type: 'problem',
    docs: { description: 'text stands in messages/*.json' },
    messages: { text: 'Put “{{text}}” into the message files.' },
    schema: [],
  },
  create(context) {
    const report = (node, text) =>
      context.report({ node, messageId: 'text', data: { text: text.trim().slice(0, 40) } })
    const insideCode = (node) => {
      for (let n = node.parent; n; n = n.parent) {
        if (n.type === 'SvelteStyleElement' || n.type === 'SvelteScriptElement') return true
      }
      return false
    }
    return {
      SvelteText(node) {
        if (letters.test(node.value) && !insideCode(node)) report(node, node.value)
      },
      SvelteAttribute(node) {
        if (!spoken.has(node.key.name)) return
        for (const part of node.value) {
          if (part.type === 'SvelteLiteral' && letters.test(part.value)) report(node, part.value)
        }
      },
    }
  },
}
