import { allFillerTexts, type OwnFiller } from '../flow/filler.ts'
import type { SpokenText } from '../flow/definition.ts'
import type { Found, Path } from './problem.ts'
import type { ConfigFile } from './schema.ts'

/** Fillers that could not be said as they are meant. */
export function checkFillers(config: ConfigFile): readonly Found[] {
  return fillerPlaces(config).flatMap(({ filler, path }) => {
    const texts = allFillerTexts(filler).flatMap((each) => {
      const message = textProblem(each.text)
      return message === null ? [] : [{ path: [...path, ...each.path], message }]
    })
    const isTextless = filler && !filler.texts && !config.filler
    return isTextless ? [...texts, { path, message: NO_TEXTS }] : texts
  })
}

const NO_TEXTS = 'needs texts, as there is no filler at the top of the file to take them from'

function fillerPlaces({ filler, flow, tools }: ConfigFile) {
  const places: { readonly filler: OwnFiller | undefined; readonly path: Path }[] = [
    { filler, path: ['filler'] },
    ...Object.entries(flow.states).map(([id, state]) => ({
      filler: state.filler,
      path: ['flow', 'states', id, 'filler'],
    })),
    ...Object.entries(tools).map(([name, tool]) => ({
      filler: tool.filler,
      path: ['tools', name, 'filler'],
    })),
  ]
  return places
}

function textProblem(text: string): string | null {
  if (text.includes('{{')) return 'is said as it is: a filler has no {{templates}}'
  return hasEnding(text) ? null : `must ${ENDING}${asToWrite(text)}`
}

/** Announcements of tools that a voice would run into what follows. */
export function lintAnnouncements({ tools }: Pick<ConfigFile, 'tools'>): readonly Found[] {
  return Object.entries(tools).flatMap(([name, { execution_message: message }]) => {
    if (message === undefined) return []
    return textsIn(message, ['tools', name, 'execution_message'])
      .filter(({ text }) => !hasEnding(text))
      .map(({ text, path }) => ({ path, message: `should ${ENDING}${asToWrite(text)}` }))
  })
}

function textsIn(text: SpokenText, path: Path) {
  if (typeof text === 'string') return [{ text, path }]
  return Object.entries(text).map(([language, each]) => ({ text: each, path: [...path, language] }))
}

const ENDING = 'end in three dots and one space, or voices glue the next text to it; write '

function hasEnding(text: string): boolean {
  return /(^|[^.\u2026])\.{3} $/.test(text)
}

/** In quotes: YAML drops a space at the end of a text that has none. */
function asToWrite(text: string): string {
  return JSON.stringify(`${withoutEnd(text)}... `)
}

function withoutEnd(text: string): string {
  let end = text.length
  while (end > 0 && /[\s.\u2026]/.test(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}
