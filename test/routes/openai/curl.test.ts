import { describe, expect, test } from 'vitest'
import { curl } from '../../support/curl.ts'
import { listeningApp } from '../../support/listening-app.ts'

const BODY = JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], stream: true })

describe('curl', () => {
  test('streams an answer with its headers', async () => {
    const { url } = await listeningApp()
    const output = await curl('-iN', `${url}/v1/chat/completions`, '-d', BODY)
    expect(output).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(output).toContain('x-turnstate-state: identify')
    expect(output).toContain('"content":"Hello there."')
    expect(output.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  test('needs no header at all', async () => {
    const { url } = await listeningApp({ keys: [{ name: 'a', secret: 'secret-of-curl' }] })
    const output = await curl(`${url}/k/secret-of-curl`, '-H', 'content-type:', '-d', BODY)
    expect(output).toContain('[DONE]')
  })

  test('may ask before it sends the body', async () => {
    const { url } = await listeningApp()
    const expecting = ['-H', 'expect: 100-continue', '-d', BODY]
    expect(await curl(`${url}/v1/chat/completions`, ...expecting)).toContain('[DONE]')
  })

  test('speaks HTTP/1.0', async () => {
    const { url } = await listeningApp()
    expect(await curl('--http1.0', `${url}/v1/chat/completions`, '-d', BODY)).toContain('[DONE]')
  })

  test('gets nothing but headers for HEAD', async () => {
    const { url } = await listeningApp({ keys: [{ name: 'a', secret: 'secret-of-curl' }] })
    const output = await curl('-I', url)
    expect(output).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(output.endsWith('\r\n\r\n')).toBe(true)
  })
})
