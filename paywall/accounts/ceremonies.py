"""WebAuthn's own arithmetic, through py_webauthn 3: options that a browser gets, answers verified.

Imported on a passkey's first use: it brings 14 MiB that a web process without passkeys need not
carry. Pure but for random challenges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, generate_challenge, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)


class NotVerified(Exception):
    """The authenticator's answer is not right; what exactly is its cause."""


class Options(msgspec.Struct, frozen=True):
    """What navigator.credentials takes, and the challenge in it, to be kept until the answer."""

    public_key: dict[str, Any]
    challenge: bytes


class Created(msgspec.Struct, frozen=True):
    """A new credential. `synced`: it lives in a password manager and not in one device."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool


class Answered(msgspec.Struct, frozen=True):
    """A verified log-in answer: the counter after it and the user handle that it names."""

    sign_count: int
    user_handle: bytes


def creation_options(
    *, rp_id: str, rp_name: str, user_name: str, user_id: bytes, known: Sequence[bytes]
) -> Options:
    """For a discoverable credential with user verification; `known` are already registered."""
    options = generate_registration_options(
        rp_id=rp_id,
        rp_name=rp_name,
        user_name=user_name,
        user_id=user_id,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=c) for c in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return Options(options_to_json_dict(options), options.challenge)


def request_options(rp_id: str) -> Options:
    """For any credential of this domain: no allow list, the authenticator offers what it keeps."""
    options = generate_authentication_options(
        rp_id=rp_id,
        challenge=generate_challenge(),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Options(options_to_json_dict(options), options.challenge)


def verify_created(
    credential: dict[str, Any], challenge: bytes, *, rp_id: str, origins: Sequence[str]
) -> Created:
    """Web Authentication Level 3, section 7.1. Raises NotVerified."""
    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=list(origins),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError) as error:
        raise NotVerified from error
    return Created(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        verified.credential_backed_up
        or verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def verify_answer(
    credential: dict[str, Any],
    challenge: bytes,
    *,
    rp_id: str,
    origins: Sequence[str],
    public_key: bytes,
    sign_count: int,
) -> Answered:
    """Web Authentication Level 3, section 7.2. Raises NotVerified."""
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=list(origins),
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
        # Section 7.2 step 6: py_webauthn leaves the user handle to its caller.
        handle = base64url_to_bytes(credential["response"].get("userHandle") or "")
    except (WebAuthnException, ValueError, TypeError) as error:
        raise NotVerified from error
    return Answered(verified.new_sign_count, handle)


def credential_id_of(raw_id: str) -> bytes:
    """The id in a browser's answer. Raises NotVerified."""
    try:
        return base64url_to_bytes(raw_id)
    except ValueError as error:
        raise NotVerified from error
