import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { Tools } from '../../../src/flow/tool-definition.ts'
import { createToolRunner } from '../../../src/tools/create-tool-runner.ts'
import { eventually, recordingLog } from '../../support/mcp-bench.ts'
import { startMcpServer } from '../../support/mcp-server.ts'

it('the runner offers, checks and runs the tools of an MCP server like its own', async () => {
  const server = await startMcpServer((each) =>
    each.registerTool(
      'list_slots',
      { inputSchema: z.object({ day: z.string() }), annotations: { readOnlyHint: true } },
      ({ day }) => ({ content: [{ type: 'text', text: `Free on ${day}` }] }),
    ),
  )
  onTestFinished(() => server.close())
  const slots = { type: 'mcp', server: 'clinic', tool: 'list_slots' }
  const runner = createToolRunner({
    tools: Tools.parse({ slots, worded: { ...slots, result_template: '{{day}} {{clinic}}' } }),
    schemas: {},
    webhooks: { allow_hosts: [] },
    mcp: { clinic: { url: server.url } },
    log: recordingLog().log,
    metrics: { toolRun: () => undefined },
    logsContents: false,
    now: () => performance.now(),
  })
  onTestFinished(() => runner.close())
  expect(runner.offer('slots')).toBeNull()
  expect(runner.effectOf('slots')).toBe('write')
  expect(runner.mcpServers()).toEqual({ clinic: 'unreachable' })

  await eventually(() => runner.mcpServers()['clinic'] === 'ok')
  expect(runner.offer('slots')?.parameters).toMatchObject({ required: ['day'] })
  expect(runner.effectOf('slots')).toBe('read')
  expect(runner.parseArguments('slots', '{}')).toEqual({ ok: false, problem: 'day: is required' })
  expect(runner.parseArguments('slots', '{"day"')).toMatchObject({ ok: false })
  const context = { signal: new AbortController().signal, values: { clinic: 'Oak', day: 'none' } }
  expect(await runner.run('slots', { day: 'mon' }, context)).toMatchObject({
    status: 'ok',
    content: 'Free on mon',
  })
  expect((await runner.run('worded', { day: 'mon' }, context)).content).toBe('mon Oak')
})
