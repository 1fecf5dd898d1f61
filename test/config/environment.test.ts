import { expect, it } from 'vitest'
import { readEnvironment } from '../../src/config/environment.ts'

it('reads what is set and leaves out what is not or is empty', () => {
  expect(
    readEnvironment({ HOST: '::1', PORT: '0', LOG_LEVEL: 'warn', TURNSTATE_CONFIG: '' }),
  ).toEqual({ ok: true, settings: { host: '::1', port: 0, logLevel: 'warn' } })
  expect(
    readEnvironment({
      TURNSTATE_CONFIG: 'a.yaml',
      OPENAI_API_KEY: 'k',
      OPENAI_BASE_URL: 'https://llm.example/v1',
    }),
  ).toEqual({
    ok: true,
    settings: {
      configFile: 'a.yaml',
      openAiApiKey: 'k',
      openAiBaseUrl: 'https://llm.example/v1',
    },
  })
})

it('names every problem at once and no value', () => {
  expect(
    readEnvironment({ PORT: '65536', LOG_LEVEL: 'wran', OPENAI_BASE_URL: 'secret:hunter2' }),
  ).toEqual({
    ok: false,
    problems: [
      'PORT: must be a whole number from 0 to 65535',
      'LOG_LEVEL: must be one of debug, info, warn, error, silent; did you mean "warn"?',
      'OPENAI_BASE_URL: must be an http or https URL',
    ],
  })
})

it.each(['-1', '80.5', '0x50', ' 80', '1e3', 'http'])('takes no port written as %s', (port) => {
  expect(readEnvironment({ PORT: port })).toMatchObject({ ok: false })
})
