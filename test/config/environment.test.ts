import { describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/config/environment.ts'

it('reads what is set and leaves out what is not or is empty', () => {
  expect(
    readEnvironment({ HOST: '::1', PORT: '0', LOG_LEVEL: 'warn', TURNSTATE_CONFIG: '' }),
  ).toEqual({ ok: true, settings: { host: '::1', port: 0, logLevel: 'warn' } })
  expect(readEnvironment({ TURNSTATE_CONFIG: 'a.yaml', OPENAI_API_KEY: '' })).toEqual({
    ok: true,
    settings: { configFile: 'a.yaml' },
  })
})

describe('a key for OpenAI', () => {
  const openai = {
    api_key: 'k',
    base_url: 'https://api.openai.com/v1',
    model: 'gpt-4.1-mini',
    headers: {},
    compat: [],
    http2: false,
    warm_connections: 2,
  }

  it.each([undefined, ''])('makes an upstream of its own, at OpenAI when the URL is %j', (url) => {
    expect(readEnvironment({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: url })).toEqual({
      ok: true,
      settings: { openai },
    })
  })

  it('goes to another endpoint when there is a URL for it', () => {
    const base_url = 'https://llm.example/v1'
    expect(readEnvironment({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: base_url })).toEqual({
      ok: true,
      settings: { openai: { ...openai, base_url } },
    })
  })

  it('is what makes the URL count', () => {
    expect(readEnvironment({ OPENAI_BASE_URL: 'nonsense' })).toEqual({ ok: true, settings: {} })
  })
})

it('names every problem at once and no value', () => {
  const read = readEnvironment({
    PORT: '65536',
    LOG_LEVEL: 'wran',
    OPENAI_API_KEY: 'sk hunter1',
    OPENAI_BASE_URL: 'https://llm.example/v1?key=hunter2',
  })
  expect(read).toEqual({
    ok: false,
    problems: [
      'PORT: must be a whole number from 0 to 65535',
      'LOG_LEVEL: must be one of debug, info, warn, error, silent; did you mean "warn"?',
      'OPENAI_BASE_URL: must be an http or https URL without credentials, query or fragment',
      'OPENAI_API_KEY: must be printable ASCII without spaces',
    ],
  })
  expect(JSON.stringify(read)).not.toContain('hunter')
})

it.each(['-1', '80.5', '0x50', ' 80', '1e3', 'http'])('takes no port written as %s', (port) => {
  expect(readEnvironment({ PORT: port })).toMatchObject({ ok: false })
})
