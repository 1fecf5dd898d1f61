import { describe, expect, it } from 'vitest'
import { requestOf, saying, startForPlatform } from '../support/platform-requests.ts'
import { goTo } from '../support/rooms-flow.ts'
import { assistant, user } from '../support/wire-messages.ts'

const REPLY = 'Welcome to the second room, where everything is blue.'

describe('what a platform itself says of a request', () => {
  it('certain_supersede: a reply that it marks as interrupted was heard in part, or not at all', async () => {
    const { upstream, send, look } = await startForPlatform()
    upstream.reply(...goTo('b', REPLY))
    upstream.always({ say: 'Well, well.' })
    const turn = requestOf('agora', 'turn')
    await send(turn)
    const after = (heard: string) => {
      const marked = { interrupted: true, original: REPLY }
      const open = { ...user('And what is next?'), turn_id: 2, metadata: { source: 'asr' } }
      const hi = user('I need an appointment.')
      return saying(turn, [hi, { ...assistant(heard), turn_id: 1, metadata: marked }, open])
    }
    expect(await look(after(''))).toMatchObject({ kind: 'revised', exchange: 1, state: 'a' })
    // Without the mark this would be the whole reply.
    const next = { kind: 'new', exchange: '2', state: 'b', heard: 'partial' }
    expect(await send(after(REPLY))).toMatchObject(next)
  })

  it('side_job: a job of the framework is done without the flow and leaves no trace', async () => {
    const { upstream, ask, send, look } = await startForPlatform({ platform: 'pipecat' })
    upstream.reply(...goTo('b', REPLY), { say: 'They want an appointment.' })
    const turn = requestOf('pipecat', 'turn')
    await send(turn)
    const next = saying(turn, [user('I need an appointment.'), assistant(REPLY), user('And now?')])
    const before = await look(next)
    const { headers, body } = await ask(requestOf('pipecat', 'summary'))
    expect(headers.get('x-turnstate-kind')).toBe('side_job')
    expect(body.choices).toMatchObject([{ message: { content: 'They want an appointment.' } }])
    expect((await upstream.received(3)).body).not.toHaveProperty('tools')
    expect(await look(next)).toEqual(before)
    expect(before).toMatchObject({ kind: 'new', state: 'b' })
  })
})
