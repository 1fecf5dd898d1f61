import { z } from 'zod'
import { changeMessage } from './redis-changes.ts'
import type { RedisCommands } from './redis-commands.ts'
import { wholeMs } from './redis-commands.ts'
import type { RedisKeys } from './redis-keys.ts'
import { READ_RECORD, WRITE_RECORD } from './redis-scripts.ts'
import type { SharedStore, StoredRecord } from './shared-store.ts'

/** A hash: the revision under `r`, each field under its name after an `f`. */
const REVISION = 'r'

const Revision = z
  .string()
  .regex(/^-?\d+$/)
  .transform(Number)
const RecordReply = z.tuple([Revision, z.array(z.string())]).nullable()
const RevisionReply = Revision.nullable()

interface RecordsDependencies {
  readonly commands: RedisCommands
  readonly keys: RedisKeys
  readonly instance: string
}

export function createRedisRecords({
  commands,
  keys,
  instance,
}: RecordsDependencies): Pick<SharedStore, 'readRecord' | 'writeRecord'> {
  return {
    async readRecord(id, known) {
      const reply = await commands.script(READ_RECORD, [keys.record(id)], [String(known)])
      const record = commands.parse(RecordReply, reply)
      return record ? toRecord(...record) : 'unchanged'
    },
    async writeRecord(id, { set, add = {}, remove = [], ifRevision, retainMs }) {
      const reply = await commands.script(
        WRITE_RECORD,
        [keys.record(id)],
        [
          ifRevision === undefined ? '' : String(ifRevision),
          wholeMs(retainMs),
          keys.changes,
          changeMessage(instance, id),
          ...withLength(Object.entries(add).map(([name, by]) => [fieldName(name), String(by)])),
          ...withLength(Object.entries(set).map(([name, value]) => [fieldName(name), value])),
          ...withLength(remove.map((name) => [fieldName(name)])),
        ],
      )
      return commands.parse(RevisionReply, reply) ?? 'conflict'
    },
  }
}

export function fieldName(field: string): string {
  return `f${field}`
}

function withLength(items: readonly (readonly string[])[]): readonly string[] {
  return [String(items.length), ...items.flat()]
}

function toRecord(revision: number, flat: readonly string[]): StoredRecord {
  const entries = flat.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [],
  )
  const fields = entries.filter(([name]) => name !== REVISION)
  return {
    revision,
    fields: Object.fromEntries(fields.map(([name, value]) => [name.slice(1), value])),
  }
}
