"""What a Taskward process is started with: flags over environment over a TOML file over defaults.

Settings that change while everything runs are elsewhere (`taskward.model.settings`).
"""

from taskward.settings.catalogue import SETTINGS, Setting
from taskward.settings.loading import Loaded, SettingError, SettingRow, load
from taskward.settings.schema import (
    AuthSettings,
    CacheSettings,
    ClusterSettings,
    ClusterTls,
    DialectsSettings,
    LogSettings,
    OutboundSettings,
    PeerSettings,
    RetentionSettings,
    ScyllaSettings,
    ServerSettings,
    Settings,
    WorkerSettings,
    default_data_dir,
    embedded_scheduler,
)

__all__ = [
    "SETTINGS",
    "AuthSettings",
    "CacheSettings",
    "ClusterSettings",
    "ClusterTls",
    "DialectsSettings",
    "Loaded",
    "LogSettings",
    "OutboundSettings",
    "PeerSettings",
    "RetentionSettings",
    "ScyllaSettings",
    "ServerSettings",
    "Setting",
    "SettingError",
    "SettingRow",
    "Settings",
    "WorkerSettings",
    "default_data_dir",
    "embedded_scheduler",
    "load",
]
