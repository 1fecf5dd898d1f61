import type { Flow } from '../flow/definition.ts'
import { comparisonsOf, edgePlaces } from '../flow/flow-places.ts'
import { templatePlaces } from '../flow/template-places.ts'

/**
 * Whether what a flow says or does can depend on what a platform tells of a call: on `extra`, or on
 * variables, which the call can set.
 */
export function usesCallData(flow: Flow): boolean {
  return namesIn(flow).some((name) => {
    const [root = ''] = name.replace(/^\$/, '').split('.')
    return root === 'extra' || Object.hasOwn(flow.variables, root)
  })
}

function namesIn(flow: Flow): readonly string[] {
  const inTexts = templatePlaces(flow, {}).flatMap(({ names }) => names)
  const inConditions = edgePlaces(flow).flatMap(({ edge, path }) =>
    comparisonsOf(edge.when, path).map(({ comparison }) => comparison.var),
  )
  // By the variable `language` each of several texts is chosen.
  const says = Object.values(flow.states).map((state) => state.say)
  const inLanguages = says.some((say) => typeof say === 'object') ? ['language'] : []
  return [...inTexts, ...inConditions, ...inLanguages]
}
