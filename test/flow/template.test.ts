import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lookupIn, renderTemplate, templatePaths } from '../../src/flow/template.ts'

const render = (template: string, values: Record<string, unknown>) =>
  renderTemplate(template, lookupIn(values))

describe('a template', () => {
  it.each([
    ['a name', 'Hi {{name}}!', 'Hi Ada!'],
    ['a name with spaces around it', 'Hi {{ name }}{{\tname\n}}', 'Hi AdaAda'],
    ['a path', '{{items.0.id}}', 'B-1'],
    ['a number, true and zero', '{{n}} {{yes}} {{zero}}', '4.5 true 0'],
    ['an object as JSON', '{{items}}', '[{"id":"B-1"}]'],
    ['what is not set, as nothing', '[{{nobody}}{{name.first}}{{items.7.id}}]', '[]'],
    ['null, as nothing', '[{{none}}]', '[]'],
  ])('puts in %s', (_, template, expected) => {
    const values = {
      name: 'Ada',
      items: [{ id: 'B-1' }],
      n: 4.5,
      yes: true,
      zero: 0,
      none: null,
    }
    expect(render(template, values)).toBe(expected)
  })

  it.each(['{{', '{{name', 'name}}', '{{}}', '{{  }}', '{name}', '{ {name} }', '{{na{me}}'])(
    'leaves %s as it stands',
    (template) => expect(render(template, { name: 'Ada' })).toBe(template),
  )

  it('takes the innermost of nested braces, and renders what it puts in no further', () => {
    expect(render('{{{{a}}}}', { a: 'b', b: 'c' })).toBe('{{b}}')
    expect(render('{{a}}', { a: '{{b}}', b: 'c' })).toBe('{{b}}')
    expect(render('{{{a}}}', { a: 'b' })).toBe('{b}')
  })

  it('takes replacement patterns in values for plain text', () => {
    expect(render('<{{a}}>', { a: "$& $1 $' $$" })).toBe("<$& $1 $' $$>")
  })

  it.each(['__proto__', 'constructor', 'constructor.name', 'toString', 'a.__proto__.x'])(
    'reaches nothing by %s',
    (path) => expect(render(`[{{${path}}}]`, { a: {} })).toBe('[]'),
  )

  it('encodes what it puts in, and only that', () => {
    const lookup = lookupIn({ a: 'x&y/z' })
    expect(renderTemplate('?q=a&b={{a}}', lookup, encodeURIComponent)).toBe('?q=a&b=x%26y%2Fz')
  })

  it('looks in the first record that has the path; false and empty text count as found', () => {
    const lookup = lookupIn({ a: '', b: false }, { a: 'x', b: 'y', c: 'z' })
    expect(renderTemplate('{{a}}|{{b}}|{{c}}', lookup)).toBe('|false|z')
  })

  it('tells its paths', () => {
    expect(templatePaths('{{ a }} {{b.0.c}} {{}} {{ }} {{x')).toEqual(['a', 'b.0.c'])
  })

  it('renders any text, and leaves one without placeholders alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (template, value) => {
        const rendered = renderTemplate(template, () => value)
        if (templatePaths(template).length === 0) expect(rendered).toBe(template)
      }),
    )
  })

  it('reads a long unclosed placeholder in one pass', () => {
    const hostile = `{{a${' '.repeat(200_000)}`
    expect(render(hostile, { a: 'x' })).toBe(hostile)
  })
})
