import type { Journal, JournalTurn } from '../../conversation/journal.ts'

/** The journals of all conversations: of this process, or shared with other instances. */
export interface Journals {
  /** False: nothing is ever remembered, as configured. */
  readonly remembers: boolean
  /** A journal as it stands now; null where nothing is remembered. Nothing changes. */
  peek(id: string): Promise<Journal | null>
  /**
   * Decides on a conversation's journal and keeps what `decide` changed in it, as one step. Another
   * instance can be faster: then `decide` is called again with a journal that knows of it, so it must
   * change nothing but the journal. Null where nothing is remembered, or cannot be now.
   */
  update<Result>(id: string, decide: (journal: Journal | null) => Result): Promise<Result>
  /** A turn of this instance went on. Kept at once; never rejects. False: others cannot know of it yet. */
  keep(id: string, turn: JournalTurn): Promise<boolean>
  /** The same within a third of a second, together with what follows until then. */
  keepSoon(id: string, turn: JournalTurn): void
  /**
   * Resolves once something in the journal has changed that another instance did, at the latest
   * after a second. Rejects with the signal's reason.
   */
  changed(id: string, signal: AbortSignal): Promise<void>
  /** False: what other instances do cannot be seen now. */
  isUp(): boolean
  /** What bars a claim in the shared store once the turn is superseded; null where nothing is shared. */
  barOf(id: string, turn: JournalTurn): { readonly record: string; readonly field: string } | null
  /** Called with the turns of this instance that another one has superseded. */
  onSuperseded(listener: (turn: JournalTurn) => void): void
  /** Somebody here waits for a turn that runs elsewhere: it must go on. To be told every second. */
  awaitElsewhere(id: string, turn: JournalTurn): void
  /** Somebody waits for the turn at another instance. Never rejects. */
  isAwaited(id: string, turn: JournalTurn): Promise<boolean>
}
