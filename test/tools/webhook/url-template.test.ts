import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lookupIn } from '../../../src/flow/template.ts'
import { renderUrl } from '../../../src/tools/webhook/url-template.ts'

function render(template: string, values: Readonly<Record<string, unknown>>): string | undefined {
  return renderUrl(template, lookupIn(values))?.href
}

describe('renderUrl', () => {
  it('percent-encodes values in the path and in the query', () => {
    const template = 'https://api.example/patients/{{name}}/notes?q={{q}}&page=1'
    expect(render(template, { name: 'Åse B/C?', q: 'a&b=c #d' })).toBe(
      'https://api.example/patients/%C3%85se%20B%2FC%3F/notes?q=a%26b%3Dc%20%23d&page=1',
    )
  })

  it('refuses a step up in the path', () => {
    expect(render('https://api.example/a/{{x}}/b', { x: '..' })).toBeUndefined()
    expect(render('https://api.example/a/.{{x}}', { x: '.' })).toBeUndefined()
    expect(render('https://api.example/a/{{x}}%2e', { x: '.' })).toBeUndefined()
    expect(render('https://api.example/a/{{x}}', { x: '../b' })).toBe(
      'https://api.example/a/..%2Fb',
    )
  })

  it('refuses a part of the path that would be empty', () => {
    expect(render('https://api.example/bookings/{{id}}', {})).toBeUndefined()
    expect(render('https://api.example/bookings?id={{id}}', {})).toBe(
      'https://api.example/bookings?id=',
    )
  })

  it('refuses templates in scheme and host', () => {
    expect(render('https://{{host}}/a', { host: 'api.example' })).toBeUndefined()
    expect(render('{{scheme}}://api.example/', { scheme: 'https' })).toBeUndefined()
    expect(render('https://api.example:{{port}}/', { port: 80 })).toBeUndefined()
  })

  it('stays at the origin and below the path whatever the value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (id) => {
        const url = renderUrl('https://api.example/a/{{id}}/b?c={{id}}', lookupIn({ id }))
        if (url === null) return
        expect(url.origin).toBe('https://api.example')
        expect(url.pathname).toMatch(/^\/a\/[^/]+\/b$/)
        expect(url.searchParams.get('c')).toBe(id)
      }),
    )
  })
})
