import fc from 'fast-check'

/*
 * A flow and a reading of it that is as plain as can be: no journal, no matching, no tokens. It says
 * where a conversation stands that had these turns, each of which was heard whole or in part.
 */

const ROOMS = ['a', 'b', 'c', 'd'] as const
export type Room = (typeof ROOMS)[number]

type Flag = 'on' | 'off'

interface Way {
  readonly full: boolean
  readonly by:
    /** `sets`: what comes with the step besides the mark of its turn. */
    | { readonly type: 'llm'; readonly sets: 'nothing' | 'mark' | Flag }
    | { readonly type: 'flag'; readonly is: Flag }
    | { readonly type: 'result'; readonly tool: `set_${Flag}` }
    | { readonly type: 'always' }
}
interface WayTo extends Way {
  readonly to: Room
}
interface RoomRules {
  readonly ways: readonly WayTo[]
  readonly global: Way | null
  readonly speaks: boolean
}
export type PlainFlow = Readonly<Record<Room, RoomRules>>

const flag = fc.constantFrom<Flag>('on', 'off')
const by: fc.Arbitrary<Way['by']> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('llm' as const),
      sets: fc.constantFrom('nothing' as const, 'mark' as const, 'on' as const, 'off' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('flag' as const), is: flag }) },
  {
    weight: 2,
    arbitrary: flag.map((is) => ({ type: 'result' as const, tool: `set_${is}` as const })),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'always' as const }) },
)
const room: fc.Arbitrary<RoomRules> = fc.record({
  ways: fc.uniqueArray(fc.record({ to: fc.constantFrom(...ROOMS), full: fc.boolean(), by }), {
    maxLength: 4,
    // Two llm edges to one state are an error.
    selector: ({ to, by: { type } }) => `${type}-${to}`,
  }),
  global: fc.option(fc.record({ full: fc.boolean(), by }), { freq: 3 }),
  speaks: fc.integer({ min: 0, max: 3 }).map((number) => number === 0),
})
export const plainFlows: fc.Arbitrary<PlainFlow> = fc.record({ a: room, b: room, c: room, d: room })

/** The flow as its author would write it. */
export function toFlow(flow: PlainFlow): unknown {
  const states = Object.fromEntries(
    ROOMS.map((name) => {
      const { ways, global, speaks } = flow[name]
      return [
        name,
        {
          edges: ways.map((way) => ({ to: way.to, ...toEdge(way) })),
          ...(global && { global: toEdge(global) }),
          ...(speaks && { say: `You are in room ${name} now` }),
        },
      ]
    }),
  )
  return {
    name: 'plain',
    starting_state: 'a',
    general_tools: ['set_on', 'set_off'],
    variables: { mark: {}, flag: {} },
    states,
  }
}

export const PLAIN_TOOLS = Object.fromEntries(
  (['on', 'off'] as const).map((value) => [
    `set_${value}`,
    { type: 'static', result: { value }, assignments: [{ variable: 'flag', value_path: 'value' }] },
  ]),
)

function toEdge({ full, by }: Way): object {
  const heard = full ? { require_heard: 'full' } : {}
  switch (by.type) {
    case 'llm': {
      const properties = { mark: { type: 'string' }, flag: { type: 'string' } }
      const parameters = { type: 'object', properties }
      return { ...heard, when: { type: 'llm', description: 'Go', parameters } }
    }
    case 'flag':
      return { ...heard, when: { type: 'expression', var: 'flag', op: '==', value: by.is } }
    case 'result':
      return { ...heard, when: { type: 'result', tool: by.tool, status: 'ok' } }
    case 'always':
      return { ...heard, when: by }
  }
}

/** Where a conversation stands. */
export interface Place {
  readonly room: Room
  readonly flag?: Flag
  readonly mark?: string
}
export const START: Place = { room: 'a' }

/** What the model called in one step of a turn. */
export type Called =
  | { readonly type: 'tool'; readonly name: `set_${Flag}` }
  | { readonly type: 'way'; readonly to: Room; readonly mark: string }

/** What happened in a turn, in order. */
type Happened =
  | { readonly type: 'set'; readonly flag: Flag }
  | { readonly type: 'step'; readonly full: boolean; readonly values: Place }

const MOST_STEPS = 3

/** The ways out of a room: its own first, then the global ones of the others. */
export function waysFrom(flow: PlainFlow, from: Room): readonly WayTo[] {
  const own = flow[from].ways
  const others = ROOMS.flatMap((to) => {
    const { global } = flow[to]
    const isOwn = own.some((way) => way.to === to && way.by.type === 'llm')
    return global && to !== from && !(global.by.type === 'llm' && isOwn) ? [{ ...global, to }] : []
  })
  return [...own, ...others]
}

/** Takes the ways that are open by themselves, until a room speaks. */
function drift(
  flow: PlainFlow,
  from: Place,
  { steps, wasCut }: { steps: number; wasCut: boolean },
) {
  let place = from
  const taken: WayTo[] = []
  while (taken.length < steps) {
    const way = waysFrom(flow, place.room).find(
      ({ by, full }) =>
        !(wasCut && full) && (by.type === 'always' || (by.type === 'flag' && by.is === place.flag)),
    )
    if (!way) break
    taken.push(way)
    place = { ...place, room: way.to }
    if (flow[way.to].speaks) break
  }
  return { place, taken }
}

/** Where a request begins; `says`: its answer is what the room has to say. */
export function begin(
  flow: PlainFlow,
  after: Place,
  { wasCut, opens }: { readonly wasCut: boolean; readonly opens: boolean },
) {
  if (opens && flow[after.room].speaks) return { place: after, steps: 0, says: true }
  const { place, taken } = drift(flow, after, { steps: MOST_STEPS, wasCut })
  const says = taken.length > 0 && flow[place.room].speaks
  return { place, steps: taken.length, says }
}

/** What happens in a turn in which the model makes these calls, one per step. */
export function happensIn(
  flow: PlainFlow,
  start: { readonly place: Place; readonly steps: number },
  calls: readonly Called[],
): readonly Happened[] {
  let { place, steps } = start
  const happened: Happened[] = []
  const go = ({ to, full }: WayTo, values: Partial<Place> = {}) => {
    place = { ...place, ...values, room: to }
    steps++
    happened.push({ type: 'step', full, values: { ...values, room: to } })
  }
  const driftOn = () => {
    const open = { steps: MOST_STEPS - steps, wasCut: false }
    for (const way of drift(flow, place, open).taken) go(way)
  }
  for (const call of calls) {
    const ways = waysFrom(flow, place.room)
    if (call.type === 'tool') {
      const flagNow = call.name === 'set_on' ? 'on' : 'off'
      place = { ...place, flag: flagNow }
      happened.push({ type: 'set', flag: flagNow })
      const way = ways.find(({ by }) => by.type === 'result' && by.tool === call.name)
      const isTaken = way !== undefined && steps < MOST_STEPS
      if (isTaken) go(way)
      if (!(isTaken && flow[place.room].speaks)) driftOn()
      continue
    }
    const way = ways.find(({ to, by }) => to === call.to && by.type === 'llm')
    if (!way || steps >= MOST_STEPS) continue
    go(way, valuesOf(way, call.mark))
    if (!flow[place.room].speaks) driftOn()
  }
  return happened
}

/** The variables that come with an llm edge. */
export function valuesOf({ by }: Way, mark: string): { mark?: string; flag?: Flag } {
  if (by.type !== 'llm' || by.sets === 'nothing') return {}
  return by.sets === 'mark' ? { mark } : { flag: by.sets }
}

/** After a turn that was heard whole or in part: what asks for the whole ends the steps that count. */
export function placeAfter(start: Place, happened: readonly Happened[], whole: boolean): Place {
  let place = start
  let isHalted = false
  for (const each of happened) {
    if (each.type === 'set') place = { ...place, flag: each.flag }
    else if (isHalted || (each.full && !whole)) isHalted = true
    else place = { ...place, ...each.values }
  }
  return place
}
