import { expect, vi } from 'vitest'
import { writing } from './effect-desk.ts'
import { createHandSchedule, startTimedDesk } from './timed-desk.ts'
import { assistant, user } from './wire-messages.ts'

export const BOOK = { name: 'book', arguments: { at: 'ten' } }
export const WISH = user('Book ten, please.')
export const DONE = 'It is booked for ten.'
export const ASIDE = user('Book ten, please. And what does it cost?')
export const PRICE = 'It costs forty euros.'
/** The history once the answer to the revised wish was heard. */
export const HEARD = [ASIDE, assistant(PRICE), user('Thanks.')]

type Options = Partial<Omit<Parameters<typeof startTimedDesk>[0], 'tools'>>

/** A desk that books what it can cancel again, and a clock for those who have hung up. */
export async function startUndoable(options: Options = {}) {
  const schedule = createHandSchedule()
  const desk = await startTimedDesk({
    tools: (at) => ({
      book: writing(at, 'book', {
        settle_ms: 0,
        compensate: { tool: 'cancel', arguments: { id: '{{result.id}}', at: '{{at}}' } },
        parameters: { type: 'object', properties: { at: { type: 'string' } } },
      }),
      cancel: writing(at, 'cancel', { timeout_ms: 2000 }),
    }),
    flow: { general_tools: ['book'] },
    schedule,
    ...options,
  })
  desk.webhooks.set('/book', { value: { id: 'b1' } })
  const booked = () => desk.webhooks.calls('/book').length
  const undone = () => desk.webhooks.calls('/cancel').length
  return { ...desk, schedule, booked, undone }
}

type Desk = Awaited<ReturnType<typeof startUndoable>>

/** Booked; then the caller goes on, and the answer to all of it is another one. */
export async function revised({ upstream, turn }: Desk) {
  upstream.reply({ calls: [BOOK] }, { say: DONE }, { say: PRICE })
  await turn([WISH])
  await turn([ASIDE])
}

/** The next request: nothing is called in it. */
export async function next({ upstream, turn }: Desk, messages: readonly object[] = HEARD) {
  upstream.reply({ say: 'You are welcome.' })
  return turn(messages)
}

export const ranUndo = ({ logged }: Pick<Desk, 'logged'>) =>
  vi.waitFor(() => expect(logged).toContain('undo ran'), { interval: 5, timeout: 5000 })
