import { expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { startNaiveServer } from '../../support/naive-server.ts'
import { rehearse } from '../../support/rehearsal.ts'

it(
  'a server that passes everything on fails, and the report says where',
  { timeout: 120_000 },
  async () => {
    const port = await freePort()
    const { url } = await startNaiveServer({ upstreamUrl: `http://127.0.0.1:${port}` })
    const { code, faultsOf, report } = await rehearse(url, '--upstream-port', String(port))
    expect(code).toBe(1)
    expect(report.notes).toEqual([])
    expect(faultsOf).toMatchObject({
      'three-tries': 'all 3 tries failed: no text within 4 s',
      'cut-and-asked-again': 'the model was asked 2 times for one turn',
      'asked-again-after-the-end': 'the model was asked 2 times for one turn',
      'eight-at-once': 'the model was asked 8 times for one turn',
      'growing-left-open': '8 of 8 model calls for replaced texts ran on',
      'silence-dots': 'the third silence was answered by words again',
      'follow-up-unchanged': 'language_detection was called without being asked for',
      'end-call-incomplete': 'end_call was called without reason',
      'transfer-incomplete': 'transfer_to_number was called without agent_message',
      unoffered: expect.stringContaining(
        'a tool was called that the request did not offer',
      ) as string,
      'extra-body': 'present: all 3 tries failed: status 400',
      'odd-bodies': 'max_tokens -1: all 3 tries failed: status 400',
      'model-breaks-off': 'the connection broke in the middle of the stream',
      'model-fails': 'all 3 tries failed: status 500',
      'model-is-empty': 'all 3 tries failed: a stream that ended with neither text nor tool call',
      'model-only-thinks':
        'all 3 tries failed: a stream that ended with neither text nor tool call',
    })
    const verdicts = Object.fromEntries(
      report.scenarios.map(({ name, verdict }) => [name, verdict]),
    )
    // It is no bad server for a call without troubles.
    expect(verdicts).toMatchObject({
      greeting: 'passed',
      opening: 'passed',
      'patient-try': 'passed',
      'follow-up': 'passed',
      'end-call-message': 'passed',
      'server-tool': 'skipped',
    })
    const three = report.scenarios.find(({ name }) => name === 'three-tries')
    expect(three?.faults[0]?.consequence).toBe(
      'the call would have ended (close 1002) after the third try',
    )
  },
)
