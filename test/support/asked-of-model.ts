interface Asked {
  readonly body: {
    readonly messages: readonly { readonly role: string; readonly content: unknown }[]
  }
}

/** What the model was shown of the conversation, as `role: text`. */
export function shown({ body }: Asked): readonly string[] {
  return body.messages
    .filter(({ role }) => role !== 'system')
    .map(({ role, content }) => `${role}: ${String(content)}`)
}

/** What the model was told beside it. */
export function told({ body }: Asked): string {
  const system = body.messages.filter(({ role }) => role === 'system')
  return system.map(({ content }) => String(content)).join('\n')
}
