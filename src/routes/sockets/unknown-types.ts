import type { Log } from '../../observability/log.ts'

const MAX_NAMES = 20
const MAX_NAME_CHARACTERS = 50

/** Tells the log of frames that a platform sends and nobody reads, once for each name. */
export type NoteUnknownType = (name: string, conversation: string | null) => void

export function createUnknownTypes(log: Log, platform: string): NoteUnknownType {
  const told = new Set<string>()
  return (name, conversation) => {
    const type = name.slice(0, MAX_NAME_CHARACTERS)
    if (told.has(type) || told.size >= MAX_NAMES) return
    told.add(type)
    log.warn({ platform, conversation, type }, 'frames of an unknown type are ignored')
  }
}
