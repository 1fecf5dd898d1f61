import { startEffectDesk, taking, writing } from './effect-desk.ts'
import { assistant, user } from './wire-messages.ts'

export const PAY = { name: 'pay', arguments: { amount: '40' } }
export const WISH = user('I want to pay.')
export const READ_BACK = 'You pay 40 euros to Oak Street, shall I?'
/** What the caller has heard once they were asked. */
export const ASKED = [WISH, assistant(READ_BACK)]
export const PAID = 'It is paid.'

const PAY_TOOL = {
  commit: 'confirmed',
  settle_ms: 0,
  readback: 'You pay {{amount}} euros to {{clinic}}, shall I?',
  ...taking('amount'),
}

export const CLINIC = { default_dynamic_variables: { clinic: 'Oak Street' } }

type Options = Partial<Omit<Parameters<typeof startEffectDesk>[0], 'tools'>>

/** A desk that pays once the caller has said yes. */
export async function startPaying({
  more = {},
  ...options
}: Options & { readonly more?: object } = {}) {
  const desk = await startEffectDesk({
    tools: (at) => ({
      pay: writing(at, 'pay', { ...PAY_TOOL, ...more }),
      note: writing(at, 'note', { settle_ms: 0 }),
    }),
    flow: CLINIC,
    ...options,
  })
  desk.webhooks.set('/pay', { value: { id: 'p1' } })
  const payments = () => desk.webhooks.calls('/pay').length
  return { ...desk, payments }
}

type Desk = Awaited<ReturnType<typeof startPaying>>

/** The caller is asked for a yes. */
export async function askForYes({ upstream, turn }: Desk) {
  upstream.reply({ calls: [PAY] })
  const { text } = await turn([WISH])
  if (text !== READ_BACK) throw new Error(`not read back: ${text}`)
}

/** The model calls it again: what the caller hears, with `PAID` if it was done. */
export async function answering({ upstream, turn }: Desk, messages: readonly object[], call = PAY) {
  const before = upstream.requests.length
  upstream.reply({ calls: [call] })
  upstream.always({ say: PAID })
  const { text } = await turn(messages)
  return { text, rounds: upstream.requests.length - before }
}
