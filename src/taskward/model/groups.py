"""Task groups: tasks that share a label. What such a group is for, its members tell by another."""

GROUP_LABEL = "group"
"""Its value is the group's UUID."""
DESCRIPTION_LABEL = "group-description"
"""Its value is what the group is about, in words."""
