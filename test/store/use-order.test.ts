import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createUseOrder, type Place, type UseOrder } from '../../src/store/use-order.ts'

function itemsIn(order: UseOrder<number>): readonly number[] {
  const items: number[] = []
  for (let place = order.oldest(); place; place = place.newer) items.push(place.item)
  return items
}

test('an order of use is that of a list, whatever comes and goes', () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat() }),
    fc.record({ remove: fc.nat() }),
    fc.record({ useAgain: fc.nat() }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const order = createUseOrder<number>()
      let places: Place<number>[] = []
      for (const it of steps) {
        const at = 'remove' in it ? it.remove : 'useAgain' in it ? it.useAgain : 0
        const place = 'add' in it ? undefined : places[at % places.length]
        if (place) {
          order.remove(place)
          places = places.filter((other) => other !== place)
        }
        if ('add' in it) places.push(order.add(it.add))
        if (place && 'useAgain' in it) places.push(order.add(place.item))
        expect(itemsIn(order)).toEqual(places.map(({ item }) => item))
      }
    }),
  )
})
