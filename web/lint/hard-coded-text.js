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

/** The strings that an expression may come to: `open ? 'on' : 'off'`, `name || 'nobody'`. */
function texts(node) {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? [node] : []
    case 'TemplateLiteral':
      return node.quasis
    case 'ConditionalExpression':
      return [...texts(node.consequent), ...texts(node.alternate)]
    case 'LogicalExpression':
    case 'BinaryExpression':
      return [...texts(node.left), ...texts(node.right)]
    default:
      return []
  }
}

const words = (node) => (node.type === 'TemplateElement' ? node.value.raw : node.value)

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
    const reportTexts = (expression) => {
      for (const text of texts(expression)) {
        if (letters.test(words(text))) report(text, words(text))
      }
    }
    return {
      SvelteMustacheTag(node) {
        if (node.parent.type !== 'SvelteAttribute') reportTexts(node.expression)
      },
      SvelteText(node) {
        if (letters.test(node.value) && !insideCode(node)) report(node, node.value)
      },
      SvelteAttribute(node) {
        if (!spoken.has(node.key.name)) return
        for (const part of node.value) {
          if (part.type === 'SvelteLiteral' && letters.test(part.value)) report(node, part.value)
          if (part.type === 'SvelteMustacheTag') reportTexts(part.expression)
        }
      },
    }
  },
}
