"""Whether an approval permits exactly this order, now."""

from openoutcry.errors import NotAuthorised
from openoutcry.orders import client_order_id, order_hash
from openoutcry.types.orders import Approval, OrderRequest
from wire.tokens import RoundClaims, verify_approval


def permitted(key: bytes, approval: Approval, request: OrderRequest, claims: RoundClaims) -> None:
    """Raises NotAuthorised unless the approval is ours, of this round, for this order, and not expired at
    ``as_of``.
    """
    verify_approval(key, approval)
    bound = {
        "session": approval.session_id == claims.session_id,
        "round": approval.seq == claims.seq,
        "order": approval.order_hash == order_hash(request),
        "name": approval.client_order_id == client_order_id(claims.session_id, claims.seq, request.leg),
        "symbol": request.symbol in claims.symbols,
    }
    for what, same in bound.items():
        if not same:
            raise NotAuthorised(f"approval: made for another {what}")
    if approval.expires_at < claims.as_of:
        raise NotAuthorised(f"approval: expired at {approval.expires_at.isoformat()}")
