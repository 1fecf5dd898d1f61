import { describe, expect, it } from 'vitest'
import { createUnknownTypes } from '../../../src/routes/sockets/unknown-types.ts'
import { dialLine } from '../../support/voice-line.ts'
import { recordingLog } from '../../support/listening-app.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { dialRelay } from '../conversation-relay/relay-line.ts'

const FLOW = { starting_state: 'desk', states: { desk: { say: 'Desk.' } } }
const LINE = 'frames of an unknown type are ignored'

describe('a frame of an unknown type', () => {
  it('is told to the log once for each name, and for few names', () => {
    const { log, lines } = recordingLog()
    const note = createUnknownTypes(log, 'retell')
    for (let times = 0; times < 3; times++) note('dance', 'call-1')
    expect(lines).toEqual([
      {
        level: 'warn',
        message: LINE,
        values: { platform: 'retell', conversation: 'call-1', type: 'dance' },
      },
    ])
    for (let name = 0; name < 100; name++) note(`n${name}`.padEnd(500, 'x'), 'call-1')
    expect(lines).toHaveLength(20)
    expect(String(lines[1]?.values.type)).toHaveLength(50)
  })

  it('changes nothing on a call of ConversationRelay', async () => {
    const { url, logged } = await startTurnstate({ flow: FLOW })
    const line = await dialRelay(url)
    line.send({ type: 'dance', steps: 3 })
    line.send({ type: 'dance' })
    line.prompt('Hello?')
    await line.answer()
    expect(logged.filter((message) => message === LINE)).toHaveLength(1)
  })

  it('changes nothing on a call of Retell', async () => {
    const { url, logged } = await startTurnstate({ flow: FLOW })
    const line = await dialLine(`${url}/llm-websocket/call-1`)
    line.send({ interaction_type: 'dance' })
    line.send({ interaction_type: 'ping_pong', timestamp: 7 })
    await line.next((frame) => frame['timestamp'] === 7)
    expect(logged.filter((message) => message === LINE)).toHaveLength(1)
  })
})
