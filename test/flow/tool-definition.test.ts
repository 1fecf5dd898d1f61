import { describe, expect, it } from 'vitest'
import { declaredArguments } from '../../src/flow/tool-definition.ts'

describe('declaredArguments', () => {
  const args = { slot: 'T', patient_id: 'VICTIM', constructor: 'x' }

  it('gives what the tool declares and the model wrote', () => {
    const parameters = { type: 'object', properties: { slot: { type: 'string' }, note: {} } }
    expect(declaredArguments(parameters, args)).toEqual({ slot: 'T' })
  })

  it.each([undefined, {}, { properties: null }, { required: ['slot'] }])(
    'gives nothing of a tool whose parameters are %j',
    (parameters) => {
      expect(declaredArguments(parameters, args)).toEqual({})
    },
  )

  it('gives nothing that is only inherited', () => {
    const parameters = { properties: { toString: {}, slot: {} } }
    expect(declaredArguments(parameters, args)).toEqual({ slot: 'T' })
  })
})
