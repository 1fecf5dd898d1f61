import type { Condition, Edge, Flow } from './definition.ts'
import { edgePlaces } from './flow-places.ts'

const MAX_LABEL_LENGTH = 60
/** Words that mean something to Mermaid when they stand alone. */
const RESERVED =
  /^(state|note|end|class|classdef|click|direction|default|style|as|fork|join|choice|title|acctitle|accdescr|scale|hide|root|left|right|of|tb|td|bt|rl|lr)$/i
const PLAIN_ID = /^[A-Za-z][A-Za-z0-9_]*$/
const ANY_STATE = 'any_other_state'

/** The flow as a Mermaid `stateDiagram-v2`; global edges leave one box that stands for every other state. */
export function toMermaid(flow: Flow): string {
  const places = edgePlaces(flow)
  const targets = places.map((place) => place.edge.to)
  const ids = toIds([...Object.keys(flow.states), flow.starting_state, ...targets])
  const idOf = (state: string) => ids.get(state) ?? state
  const edges = places.map(({ from, edge }) => {
    const start = from === undefined ? ANY_STATE : idOf(from)
    return `${start} --> ${idOf(edge.to)} : ${escapeLabel(shorten(labelOf(edge)))}`
  })
  const hasGlobal = places.some((place) => place.from === undefined)
  const lines = [
    ...[...ids]
      .filter(([state, id]) => state !== id)
      .map(([state, id]) => `state "${escapeLabel(state)}" as ${id}`),
    ...(hasGlobal ? [`state "any other state" as ${ANY_STATE}`] : []),
    ...[...ids].flatMap(([state, id]) => (state === id ? [id] : [])),
    `[*] --> ${idOf(flow.starting_state)}`,
    ...edges,
  ]
  return ['stateDiagram-v2', ...lines.map((line) => `    ${line}`), ''].join('\n')
}

/** Most names can stand as they are; the others get an id of their own. */
function toIds(states: readonly string[]): ReadonlyMap<string, string> {
  const names = [...new Set(states)]
  const isPlain = (name: string) =>
    PLAIN_ID.test(name) && !RESERVED.test(name) && !/^state_\d+$/.test(name) && name !== ANY_STATE
  return new Map(names.map((name, index) => [name, isPlain(name) ? name : `state_${index + 1}`]))
}

function labelOf({ when, require_heard }: Pick<Edge, 'when' | 'require_heard'>): string {
  const heard = require_heard === undefined ? '' : ' (heard in full)'
  switch (when.type) {
    case 'llm':
      return when.description + heard
    case 'result':
      return `${when.tool} = ${when.status}${heard}`
    case 'always':
      return `always${heard}`
    case 'expression':
      return describe(when) + heard
  }
}

function describe(condition: Condition): string {
  if ('all' in condition) return joined(condition.all, 'and')
  if ('any' in condition) return joined(condition.any, 'or')
  if ('not' in condition) return `not (${describe(condition.not)})`
  const { var: name, op, value } = condition
  if (op === 'exists') return `${name} exists`
  if (op === 'not_exist') return `${name} does not exist`
  return `${name} ${op} ${JSON.stringify(value)}`
}

function joined(conditions: readonly Condition[], word: string): string {
  if (conditions.length === 1) return conditions.map(describe).join('')
  return conditions
    .map((each) => ('all' in each || 'any' in each ? `(${describe(each)})` : describe(each)))
    .join(` ${word} `)
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line.length <= MAX_LABEL_LENGTH) return line
  // Half of a surrogate pair is no character.
  const start = line.slice(0, MAX_LABEL_LENGTH - 3).replace(/[\ud800-\udbff]$/, '')
  return `${start.trimEnd()}...`
}

/** Mermaid's own codes for what would end a label or begin markup. */
function escapeLabel(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N} .,'_=!?()+*/$-]/gu, (character) => {
    return `#${character.codePointAt(0) ?? 32};`
  })
}
