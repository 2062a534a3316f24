"""A blob's properties as the .NET client writes them: 45 names, most of them without a value."""

import base64
from datetime import datetime
from typing import Any

from azure.storage.blob import BlobProperties

NEVER = "0001-01-01T00:00:00+00:00"
BLOB_TYPES = ("BlockBlob", "PageBlob", "AppendBlob")
LEASE_STATES = ("available", "leased", "expired", "breaking", "broken")
LEASE_STATUSES = ("locked", "unlocked")
LEASE_DURATIONS = ("infinite", "fixed")
COPY_STATUSES = ("pending", "success", "aborted", "failed")


def as_dotnet(found: BlobProperties) -> dict[str, Any]:
    """Return them with .NET's names and in its order; an ETag is `{}`, as Newtonsoft.Json writes its type."""
    content, lease, copied = found.content_settings, found.lease, found.copy
    return {
        "LastModified": _time(found.last_modified),
        "CreatedOn": _time(found.creation_time),
        "Metadata": dict(found.metadata or {}),
        "ObjectReplicationDestinationPolicyId": None,
        "ObjectReplicationSourceProperties": None,
        "BlobType": _number(BLOB_TYPES, found.blob_type),
        "CopyCompletedOn": _time(copied.completion_time),
        "CopyStatusDescription": copied.status_description,
        "CopyId": copied.id,
        "CopyProgress": copied.progress,
        "CopySource": copied.source,
        "CopyStatus": _number(COPY_STATUSES, copied.status),
        "BlobCopyStatus": _number(COPY_STATUSES, copied.status) if copied.status else None,
        "IsIncrementalCopy": bool(copied.incremental_copy),
        "DestinationSnapshot": copied.destination_snapshot,
        "LeaseDuration": _number(LEASE_DURATIONS, lease.duration),
        "LeaseState": _number(LEASE_STATES, lease.state),
        "LeaseStatus": _number(LEASE_STATUSES, lease.status),
        "ContentLength": found.size,
        "ContentType": content.content_type,
        "ETag": {},
        "ContentHash": _base64(content.content_md5),
        "ContentEncoding": content.content_encoding,
        "ContentDisposition": content.content_disposition,
        "ContentLanguage": content.content_language,
        "CacheControl": content.cache_control,
        "BlobSequenceNumber": found.page_blob_sequence_number or 0,
        "AcceptRanges": "bytes",
        "BlobCommittedBlockCount": found.append_blob_committed_block_count or 0,
        "IsServerEncrypted": bool(found.server_encrypted),
        "EncryptionKeySha256": found.encryption_key_sha256,
        "EncryptionScope": found.encryption_scope,
        "AccessTier": found.blob_tier,
        "AccessTierInferred": bool(found.blob_tier_inferred),
        "ArchiveStatus": found.archive_status,
        "AccessTierChangedOn": _time(found.blob_tier_change_time),
        "VersionId": found.version_id,
        "IsLatestVersion": bool(found.is_current_version),
        "TagCount": found.tag_count or 0,
        "ExpiresOn": NEVER,
        "IsSealed": bool(found.is_append_blob_sealed),
        "RehydratePriority": found.rehydrate_priority,
        "LastAccessed": _time(found.last_accessed_on),
        "ImmutabilityPolicy": {"ExpiresOn": None, "PolicyMode": None},
        "HasLegalHold": bool(found.has_legal_hold),
    }


def _time(moment: datetime | None) -> str:
    return moment.isoformat() if moment else NEVER


def _number(names: tuple[str, ...], name: object) -> int:
    """Return the index in a .NET enumeration, whose first value means unspecified."""
    text = str(getattr(name, "value", name))
    return names.index(text) if text in names else 0


def _base64(value: bytes | bytearray | None) -> str | None:
    return base64.b64encode(value).decode() if value else None
