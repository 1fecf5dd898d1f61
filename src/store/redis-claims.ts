import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { RedisCommands } from './redis-commands.ts'
import { wholeMs } from './redis-commands.ts'
import type { RedisKeys } from './redis-keys.ts'
import { fieldName } from './redis-records.ts'
import { FINISH_CLAIM, READ_CLAIM, RELEASE_CLAIM, TAKE_CLAIM } from './redis-scripts.ts'
import type { ClaimState, SharedStore } from './shared-store.ts'

/** State, version, owner, value; null if there is no claim, or none any more but the asker's. */
const StateReply = z
  .tuple([
    z.enum(['running', 'abandoned', 'finished', 'barred']),
    z.string(),
    z.string(),
    z.string(),
  ])
  .nullable()
type StateReply = z.infer<typeof StateReply>

interface ClaimsDependencies {
  readonly commands: RedisCommands
  readonly keys: RedisKeys
  readonly instance: string
  /** What every script that asks who is alive begins its arguments with. */
  readonly aliveArgs: readonly string[]
}

type Claims = Pick<SharedStore, 'claim' | 'readClaim' | 'finishClaim' | 'releaseClaim'>

/** Claims need a Redis that is no cluster: a claim, what bars it and who is alive are read as one. */
export function createRedisClaims(dependencies: ClaimsDependencies): Claims {
  const { commands, keys, instance, aliveArgs } = dependencies
  return {
    async claim(id, { retainMs, unless, replacing = '' }) {
      const token = randomUUID()
      const reply = await commands.script(
        TAKE_CLAIM,
        [keys.claim(id), ...(unless ? [keys.record(unless.record)] : [])],
        [...aliveArgs, token, wholeMs(retainMs), replacing, fieldName(unless?.field ?? '')],
      )
      const state = commands.parse(StateReply, reply)
      return state ? toClaimState(state) : { state: 'claimed', token }
    },
    async readClaim(id) {
      const reply = await commands.script(READ_CLAIM, [keys.claim(id)], aliveArgs)
      const state = commands.parse(StateReply, reply)
      return state && toClaimState(state)
    },
    async finishClaim(id, token, { value, retainMs }) {
      const args = [instance, token, value, wholeMs(retainMs)]
      await commands.script(FINISH_CLAIM, [keys.claim(id)], args)
    },
    async releaseClaim(id, token) {
      await commands.script(RELEASE_CLAIM, [keys.claim(id)], [token])
    },
  }
}

function toClaimState([state, version, owner, value]: NonNullable<StateReply>): ClaimState {
  switch (state) {
    case 'running':
      return { state, owner, version }
    case 'abandoned':
      return { state, version }
    case 'finished':
      return { state, value, version }
    case 'barred':
      return { state: 'barred' }
  }
}
