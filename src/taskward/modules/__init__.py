"""Operations that come with Taskward."""
