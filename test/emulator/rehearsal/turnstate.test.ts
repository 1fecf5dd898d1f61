import { expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { rehearse } from '../../support/rehearsal.ts'
import { startServer } from '../../support/turnstate-process.ts'

it(
  'a turnstate process passes every scenario, with the scripted and with the controlled model',
  { timeout: 180_000 },
  async () => {
    const port = String(await freePort())
    const [scripted, controlled] = await Promise.all([
      startServer({ args: ['--config', 'demo/rehearsal.yaml'] }),
      startServer({
        args: ['--config', 'demo/rehearsal-controlled.yaml'],
        env: { REHEARSAL_URL: `http://127.0.0.1:${port}` },
      }),
    ])
    const [uncounted, counted] = await Promise.all([
      rehearse(`${scripted.url}/v1`),
      rehearse(`${controlled.url}/v1`, '--upstream-port', port, '--strict'),
    ])
    for (const { code, faultsOf, report } of [uncounted, counted]) {
      expect([faultsOf, code]).toEqual([{}, 0])
      const skipped = report.scenarios.filter(({ verdict }) => verdict === 'skipped')
      expect(skipped).toEqual([])
    }
    expect(uncounted.report.notes).toEqual([
      'model calls and tool runs were not counted: there is no controlled upstream (--upstream-port)',
    ])
    expect(counted.report.notes).toEqual([])
  },
)
