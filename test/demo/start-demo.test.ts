import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { startDemo, type Demo } from '../../src/demo/start-demo.ts'
import { createLog } from '../../src/observability/log.ts'
import { createToolRunner } from '../../src/tools/create-tool-runner.ts'

let demo: Demo

beforeEach(async () => {
  demo = await startDemo()
})

afterEach(() => demo.close())

function load() {
  const loaded = loadConfig({ file: demo.configFile, environment: demo.environment })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded
}

it('names a configuration without a problem, but for what a demo does not need', () => {
  expect(load().warnings.map(({ path }) => path)).toEqual(['auth.signing_secret'])
})

it('starts an API that the tools of that configuration can look up, offer and book with', async () => {
  const { tools, webhooks } = load().config
  const runner = createToolRunner({
    tools,
    schemas: {},
    webhooks,
    metrics: { toolRun: () => undefined },
    log: createLog('silent'),
    logsContents: true,
    mcp: {},
    now: () => performance.now(),
  })
  const signal = new AbortController().signal
  const run = (
    name: string,
    args: Readonly<Record<string, unknown>>,
    values: Readonly<Record<string, unknown>>,
  ) => runner.run(name, args, { signal, values })

  expect(await run('opening_hours', {}, {})).toMatchObject({
    content: 'Monday to Friday from 8 to 18',
  })
  expect(await run('find_patient', { name: 'Ada Lovelace' }, {})).toMatchObject({
    status: 'ok',
    value: { items: [{ id: 'P-1' }] },
  })
  const booking = { patient_id: 'P-1', slot: 'Tuesday 10:30' }
  expect(await run('free_slots', {}, booking)).toMatchObject({
    value: {
      items: [{ at: 'Tuesday 10:30' }, { at: 'Wednesday 14:00' }, { at: 'Thursday 09:15' }],
    },
  })
  expect(await run('create_booking', {}, booking)).toMatchObject({
    status: 'ok',
    content: 'Booked Tuesday 10:30, reference B-1001.',
    value: { id: 'B-1001' },
  })
  expect(await run('create_booking', {}, { ...booking, patient_id: 'P-2' })).toMatchObject({
    status: 'failed',
  })
  await runner.close()
})

it('stops that API again', async () => {
  const other = await startDemo()
  const url = `${other.environment.CLINIC_API_URL}/slots`
  expect((await fetch(url)).status).toBe(200)
  await other.close()
  await expect(fetch(url)).rejects.toThrow()
})
