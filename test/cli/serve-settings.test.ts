import { describe, expect, it } from 'vitest'
import { readServeSettings } from '../../src/cli/serve-settings.ts'

function read(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let said = ''
  const stderr = (text: string) => void (said += text)
  const settings = readServeSettings(args, { stdout: stderr, stderr, env })
  return { settings, said }
}

const OPEN = ['--config', 'a.yaml']

describe('the settings of serve', () => {
  it('are one process on a loopback port by default', () => {
    expect(read(OPEN)).toEqual({
      settings: { host: '127.0.0.1', port: 8080, workers: 1, configFile: 'a.yaml' },
      said: '',
    })
  })

  it('take flags before the environment', () => {
    const env = { HOST: '::1', PORT: '1', TURNSTATE_CONFIG: 'b.yaml', LOG_LEVEL: 'warn' }
    expect(read([...OPEN, '--port', '2'], env).settings).toMatchObject({
      ...{ host: '::1', port: 2, configFile: 'a.yaml', logLevel: 'warn' },
    })
  })

  it.each(['1', '2', '08', '64'])('take %s workers', (number) => {
    expect(read([...OPEN, '--workers', number]).settings).toMatchObject({ workers: Number(number) })
  })

  it('leave the number of workers to the flag', () => {
    expect(read(OPEN, { WORKERS: '4' }).settings).toMatchObject({ workers: 1 })
  })

  it.each(['0', '65', 'two', '-1', '1.5', '1e1', '', ' 2'])('refuse %j workers', (number) => {
    expect(read([...OPEN, `--workers=${number}`])).toEqual({
      settings: 1,
      said: 'error: --workers: must be a whole number from 1 to 64\nturnstate was not started.\n',
    })
  })

  it('name every problem at once', () => {
    const { settings, said } = read(['--workers', '0', '--port', 'http'], { LOG_LEVEL: 'loud' })
    expect(settings).toBe(1)
    expect(said).toMatch(/^error: LOG_LEVEL: .*\nerror: --port: .*\nerror: --workers: .*\n/)
  })
})
