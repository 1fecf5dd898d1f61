import { describe, expect, it } from 'vitest'
import { createHedgeBudget } from '../../src/upstream/hedge-budget.ts'

function spendable(budget: ReturnType<typeof createHedgeBudget>): number {
  let count = 0
  for (; budget.hasOne() && count < 100; count++) budget.spend()
  return count
}

describe('the budget of second requests', () => {
  it('has one at the start', () => {
    expect(spendable(createHedgeBudget(0.1))).toBe(1)
  })

  it('earns its share with each completion, to the exact one', () => {
    const budget = createHedgeBudget(0.1)
    budget.spend()
    for (let completion = 0; completion < 9; completion++) budget.earn()
    expect(budget.hasOne()).toBe(false)
    budget.earn()
    expect(spendable(budget)).toBe(1)
  })

  it('saves up no more than five', () => {
    const budget = createHedgeBudget(1)
    for (let completion = 0; completion < 100; completion++) budget.earn()
    expect(spendable(budget)).toBe(5)
  })

  it('never has one with a share of nothing', () => {
    const budget = createHedgeBudget(0)
    for (let completion = 0; completion < 100; completion++) budget.earn()
    expect(spendable(budget)).toBe(0)
  })
})
