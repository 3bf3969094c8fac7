/** The connection was lost after the end of a transaction had been asked for and before it was answered. */
export class UncertainCommit extends Error {
  override readonly name = "UncertainCommit";

  /** @param cause - the driver's own error */
  constructor(cause: unknown) {
    super(
      "the connection was lost while the transaction was committed; whether it was is not known, so read before you write again",
      {
        cause,
      },
    );
  }
}
