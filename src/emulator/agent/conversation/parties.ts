import type { History } from './history.ts'
import type { Failure } from './outbox.ts'
import type { Opening } from './session.ts'
import type { Party, TurnNeeds } from './turn.ts'

/** The agent with this id, for the same client; undefined: it is not emulated here. */
export type Transfer = (
  agentId: string,
) => (Omit<Party, 'question'> & { readonly opening: Opening }) | undefined

interface PartiesNeeds {
  readonly transfer: Transfer
  readonly history: History
  readonly log: (line: string) => void
  readonly fail: (failure: Failure) => void
}

/** Who has the conversation, one agent after the other. */
export function createParties(
  first: Party,
  { transfer, history, log, fail }: PartiesNeeds,
): Pick<TurnNeeds, 'party' | 'handOver'> {
  let party = first
  return {
    party: () => party,
    handOver: ({ agentId, saysFirstMessage }) => {
      const next = transfer(agentId)
      if (!next) {
        log(`transfer: there is no agent ${agentId} here, ${party.agent.id} goes on`)
        return ''
      }
      if (!next.opening.ok) {
        fail({ code: 1008, ...next.opening.refusal })
        return ''
      }
      const { question, systemText, firstMessage } = next.opening.session
      party = { ...next, question }
      history.setSystemText(systemText)
      log(`transfer: agent ${agentId} goes on`)
      return saysFirstMessage ? firstMessage : ''
    },
  }
}
