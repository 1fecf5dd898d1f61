import { z } from 'zod'
import { byLanguage } from './spoken-text.ts'

/** Longer than any turn. */
const Milliseconds = z.int().max(600_000)

/** Texts in the order in which they are said, or such a list per language code. */
const Texts = z.union([
  z.array(z.string().min(1)).min(1),
  z
    .record(z.string().min(2), z.array(z.string().min(1)).min(1))
    .refine((texts) => Object.keys(texts).length > 0, 'needs at least one language'),
])
type Texts = z.infer<typeof Texts>

/** Server-owned words while something takes long. */
export const Filler = z.strictObject({
  after_ms: Milliseconds.min(0).default(1200),
  texts: Texts,
  /** After another filler, or after an `execution_message`. */
  again_after_ms: Milliseconds.min(100).default(8000),
})
export type Filler = z.infer<typeof Filler>

/** That of a state or a tool: what it does not say is as in the wider place; `false`: nothing is said. */
export const OwnFiller = z.union([
  z
    .boolean()
    .refine((isSaid) => !isSaid, 'must be false or a mapping')
    .transform(() => false as const),
  z.strictObject({
    after_ms: Milliseconds.min(0).optional(),
    texts: Texts.optional(),
    again_after_ms: Milliseconds.min(100).optional(),
  }),
])
export type OwnFiller = z.infer<typeof OwnFiller>

interface FillerPlaces {
  readonly top: Filler | undefined
  readonly state: OwnFiller | undefined
  readonly tool: OwnFiller | undefined
}

/** What counts where all of these are in force: the narrowest place that says anything decides. */
export function fillerAt({ top, state, tool }: FillerPlaces): Filler | null {
  if ((tool ?? state ?? top ?? false) === false) return null
  const [inner, middle] = [tool || undefined, state || undefined]
  const texts = inner?.texts ?? middle?.texts ?? top?.texts
  if (!texts) return null
  return {
    texts,
    after_ms: inner?.after_ms ?? middle?.after_ms ?? top?.after_ms ?? DEFAULTS.after_ms,
    again_after_ms:
      inner?.again_after_ms ??
      middle?.again_after_ms ??
      top?.again_after_ms ??
      DEFAULTS.again_after_ms,
  }
}

const DEFAULTS = Filler.omit({ texts: true }).parse({})

/** The different texts of the conversation's language; of several lists the first where none fits. */
export function fillerTexts({ texts }: Pick<Filler, 'texts'>, language: unknown): string[] {
  return [...new Set(Array.isArray(texts) ? texts : byLanguage(texts, language))]
}

/** One text of a filler, and where it stands below the filler's own place. */
interface FillerText {
  readonly text: string
  readonly path: readonly (string | number)[]
}

/** Every text in every language. */
export function allFillerTexts(filler: OwnFiller | undefined): readonly FillerText[] {
  const texts: Texts = (filler || {}).texts ?? []
  const lists = Array.isArray(texts) ? [[texts, []] as const] : languageLists(texts)
  return lists.flatMap(([list, path]) =>
    list.map((text, index) => ({ text, path: ['texts', ...path, index] })),
  )
}

function languageLists(texts: Readonly<Record<string, readonly string[]>>) {
  return Object.entries(texts).map(([language, list]) => [list, [language]] as const)
}
